// The data that parts of the page follow: a run's facts, curves, heat maps, inputs, thumbnails.
import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { type Cells, joinCells } from "../logic/grid";
import { have, join, type SeriesData } from "../logic/series";
import { byOrder } from "../logic/status";
import type {
  AlertRow,
  DataAnswer,
  DifferencesAnswer,
  EpochEnd,
  GridAnswer,
  ImageAnswer,
  InputsAnswer,
  ModelAnswer,
  RunAnswer,
  SeriesAnswer,
} from "../types";
import { get, RouteError } from "./api";
import { type Followed, follow } from "./live";

export interface Feed<T> {
  readonly data: Signal<T | undefined>;
  readonly error: Signal<string>;
}

abstract class RunFeed<T> implements Followed, Feed<T> {
  readonly data = signal<T | undefined>(undefined);
  readonly error = signal("");
  constructor(readonly id: string) {}

  async refresh(): Promise<boolean> {
    try {
      const more = await this.load();
      this.error.value = "";
      return more;
    } catch (error) {
      // A refused request is reported where its data is missing; a lost server is reported once for the page.
      if (!(error instanceof RouteError)) throw error;
      this.error.value = error.message;
      return false;
    }
  }

  reset(): void {}
  protected abstract load(): Promise<boolean>;
}

export interface RunFacts {
  answer: RunAnswer;
  alerts: AlertRow[];
  epochs: EpochEnd[];
}

class FactsFeed extends RunFeed<RunFacts> {
  readonly first = true;
  private since = 0;
  private alerts = new Map<number, AlertRow>();
  private epochs = new Map<string, EpochEnd>();

  override reset(): void {
    this.since = 0;
    this.alerts.clear();
    this.epochs.clear();
  }

  protected async load(): Promise<boolean> {
    const answer = await get<RunAnswer>("run", { id: this.id, since: this.since });
    for (const row of answer.alerts) this.alerts.set(row.alert.id, row);
    for (const end of answer.epochs) this.epochs.set(`${end.epoch}:${end.step}`, end);
    this.since = answer.revision;
    this.data.value = {
      answer,
      alerts: [...this.alerts.values()].sort(byOrder),
      epochs: [...this.epochs.values()].sort((a, b) => a.step - b.step),
    };
    return answer.completeness.samples_read < answer.completeness.samples_logged && this.progressed(answer);
  }

  private read = -1;
  /** Asks again at once only while there is progress: the newest samples may not have reached TensorBoard. */
  private progressed(answer: RunAnswer): boolean {
    const more = answer.completeness.samples_read > this.read;
    this.read = answer.completeness.samples_read;
    return more;
  }
}

class SeriesFeed extends RunFeed<Record<string, SeriesData>> {
  constructor(
    id: string,
    private readonly quantities: readonly string[],
    private readonly points: number,
    private readonly zoom: readonly [number, number] | null,
  ) {
    super(id);
  }

  override reset(): void {
    this.held = {};
  }

  private held: Record<string, SeriesData> = {};
  /** Whether everything that was logged had arrived at some time. */
  readonly complete = signal(false);

  protected async load(): Promise<boolean> {
    const range = this.zoom ? { from: this.zoom[0], to: this.zoom[1] } : { have: Object.values(this.held).map(have) };
    const answer = await get<SeriesAnswer>("series", {
      id: this.id,
      q: this.quantities,
      points: this.points,
      ...range,
    });
    const next: Record<string, SeriesData> = {};
    for (const group of answer.groups) {
      next[group.stream] = join(this.zoom ? undefined : this.held[group.stream], group);
    }
    this.held = next;
    this.data.value = next;
    this.complete.value ||= !answer.pending;
    return answer.pending;
  }
}

class GridFeed extends RunFeed<Cells> {
  constructor(
    id: string,
    private readonly table: string,
    private readonly column: string,
    private readonly points: number,
    private readonly zoom: readonly [number, number] | null,
  ) {
    super(id);
  }

  private held: Cells | undefined;

  override reset(): void {
    this.held = undefined;
  }

  protected async load(): Promise<boolean> {
    const held = this.held;
    const have = held ? [`${this.table}:train:${held.width}:${Math.max(0, held.step.length - 1)}`] : [];
    const range = this.zoom ? { from: this.zoom[0], to: this.zoom[1] } : { have };
    const { id, table, column, points } = this;
    const answer = await get<GridAnswer>("grid", { id, table, column, points, ...range });
    if (answer.grid) {
      this.held = joinCells(this.zoom ? undefined : held, answer.rows, answer.grid);
      this.data.value = this.held;
    }
    return answer.pending;
  }
}

/** Fields that control polling. */
interface Plain {
  pending: boolean;
  unchanged: boolean;
  revision: number;
}

class PlainFeed<T> extends RunFeed<T> {
  constructor(
    id: string,
    private readonly route: string,
  ) {
    super(id);
  }

  private since = 0;

  override reset(): void {
    this.since = 0;
  }

  protected async load(): Promise<boolean> {
    const { id, since } = this;
    const answer = await get<T & Partial<Plain>>(this.route, since ? { id, since } : { id });
    if (!answer.unchanged) this.data.value = answer;
    this.since = answer.revision ?? 0;
    return answer.pending === true;
  }
}

function useFeed<T, S extends Followed & Feed<T>>(make: () => S | null, keys: readonly unknown[]): S | null {
  const feed = useMemo(make, keys);
  useEffect(() => (feed ? follow(feed) : undefined), [feed]);
  return feed;
}

export function useFacts(id: string) {
  return useFeed<RunFacts, FactsFeed>(() => (id ? new FactsFeed(id) : null), [id]);
}

export function useSeries(id: string, quantities: readonly string[], points: number, zoom: [number, number] | null) {
  const key = JSON.stringify([id, quantities, points, zoom]);
  return useFeed<Record<string, SeriesData>, SeriesFeed>(
    () => (id && quantities.length ? new SeriesFeed(id, quantities, points, zoom) : null),
    [key],
  );
}

export function useGrid(id: string, table: string, column: string, points: number, zoom: [number, number] | null) {
  const key = JSON.stringify([id, table, column, points, zoom]);
  return useFeed<Cells, GridFeed>(() => (id ? new GridFeed(id, table, column, points, zoom) : null), [key]);
}

export function useInputs(id: string) {
  return useFeed<InputsAnswer, PlainFeed<InputsAnswer>>(() => new PlainFeed(id, "inputs"), [id]);
}

export function useData(id: string) {
  return useFeed<DataAnswer, PlainFeed<DataAnswer>>(() => new PlainFeed(id, "data"), [id]);
}

export function useModel(id: string) {
  return useFeed<ModelAnswer, PlainFeed<ModelAnswer>>(() => new PlainFeed(id, "model"), [id]);
}

export function useImages(id: string) {
  return useFeed<ImageAnswer, PlainFeed<ImageAnswer>>(() => new PlainFeed(id, "images"), [id]);
}

class DifferencesFeed extends RunFeed<DifferencesAnswer> {
  constructor(
    private readonly earlier: string,
    second: string,
  ) {
    super(second);
  }

  protected async load(): Promise<boolean> {
    const answer = await get<DifferencesAnswer>("differences", { first: this.earlier, second: this.id });
    if (!answer.pending || !this.data.value) this.data.value = answer;
    return answer.pending;
  }
}

/** What changed in the inputs between two runs; nothing for empty ids. */
export function useDifferences(first: string, second: string) {
  return useFeed<DifferencesAnswer, DifferencesFeed>(
    () => (first && second ? new DifferencesFeed(first, second) : null),
    [first, second],
  );
}

/** Follows the same curves of several runs. */
export class ManySeries {
  readonly feeds = new Map<string, SeriesFeed>();
  /** Changes when the feeds do. */
  readonly version = signal(0);
  private readonly stops = new Map<string, () => void>();

  constructor(
    private readonly quantities: readonly string[],
    private readonly points: number,
    private readonly zoom: [number, number] | null,
  ) {}

  /** Follows exactly these runs. */
  follow(ids: readonly string[]): void {
    for (const [id, stop] of this.stops) {
      if (!ids.includes(id)) {
        stop();
        this.stops.delete(id);
        this.feeds.delete(id);
      }
    }
    for (const id of ids) {
      if (this.feeds.has(id)) continue;
      const feed = new SeriesFeed(id, this.quantities, this.points, this.zoom);
      this.feeds.set(id, feed);
      this.stops.set(id, follow(feed));
    }
    this.version.value += 1;
  }
}
