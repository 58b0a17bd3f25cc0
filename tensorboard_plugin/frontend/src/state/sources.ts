// What single parts of the page follow: a run's facts, curves, heat maps, inputs, thumbnails.
import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { type Cells, joinCells } from "../logic/grid";
import { type Curves, have, join } from "../logic/series";
import { worstFirst } from "../logic/status";
import type {
  AlertRow,
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

export interface Source<T> {
  readonly data: Signal<T | undefined>;
  readonly error: Signal<string>;
}

abstract class Base<T> implements Followed, Source<T> {
  readonly data = signal<T | undefined>(undefined);
  readonly error = signal("");
  constructor(readonly id: string) {}

  async refresh(): Promise<boolean> {
    try {
      const more = await this.load();
      this.error.value = "";
      return more;
    } catch (error) {
      // What the server refuses is told where it is missing; a server that is gone is told once, for all.
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

class FactsSource extends Base<RunFacts> {
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
      alerts: [...this.alerts.values()].sort(worstFirst),
      epochs: [...this.epochs.values()].sort((a, b) => a.step - b.step),
    };
    return answer.completeness.samples_read < answer.completeness.samples_logged && this.progressed(answer);
  }

  private read = -1;
  /** Asks again at once only while that brings something: the newest samples may not have reached TensorBoard. */
  private progressed(answer: RunAnswer): boolean {
    const more = answer.completeness.samples_read > this.read;
    this.read = answer.completeness.samples_read;
    return more;
  }
}

class SeriesSource extends Base<Record<string, Curves>> {
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

  private held: Record<string, Curves> = {};
  /** All that was logged had arrived at some time. */
  readonly complete = signal(false);

  protected async load(): Promise<boolean> {
    const range = this.zoom ? { from: this.zoom[0], to: this.zoom[1] } : { have: Object.values(this.held).map(have) };
    const answer = await get<SeriesAnswer>("series", {
      id: this.id,
      q: this.quantities,
      points: this.points,
      ...range,
    });
    const next: Record<string, Curves> = {};
    for (const group of answer.groups) {
      next[group.stream] = join(this.zoom ? undefined : this.held[group.stream], group);
    }
    this.held = next;
    this.data.value = next;
    this.complete.value ||= !answer.pending;
    return answer.pending;
  }
}

class GridSource extends Base<Cells> {
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

/** What these answers may say besides what is shown. */
interface Plain {
  pending: boolean;
  unchanged: boolean;
  revision: number;
}

class PlainSource<T> extends Base<T> {
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

function useSource<T, S extends Followed & Source<T>>(make: () => S | null, keys: readonly unknown[]): S | null {
  const source = useMemo(make, keys);
  useEffect(() => (source ? follow(source) : undefined), [source]);
  return source;
}

export function useFacts(id: string) {
  return useSource<RunFacts, FactsSource>(() => (id ? new FactsSource(id) : null), [id]);
}

export function useSeries(id: string, quantities: readonly string[], points: number, zoom: [number, number] | null) {
  const key = JSON.stringify([id, quantities, points, zoom]);
  return useSource<Record<string, Curves>, SeriesSource>(
    () => (id && quantities.length ? new SeriesSource(id, quantities, points, zoom) : null),
    [key],
  );
}

export function useGrid(id: string, table: string, column: string, points: number, zoom: [number, number] | null) {
  const key = JSON.stringify([id, table, column, points, zoom]);
  return useSource<Cells, GridSource>(() => (id ? new GridSource(id, table, column, points, zoom) : null), [key]);
}

export function useInputs(id: string) {
  return useSource<InputsAnswer, PlainSource<InputsAnswer>>(() => new PlainSource(id, "inputs"), [id]);
}

export function useModel(id: string) {
  return useSource<ModelAnswer, PlainSource<ModelAnswer>>(() => new PlainSource(id, "model"), [id]);
}

export function useImages(id: string) {
  return useSource<ImageAnswer, PlainSource<ImageAnswer>>(() => new PlainSource(id, "images"), [id]);
}

/** Follows the same curves of several runs. */
export class ManySeries {
  readonly sources = new Map<string, SeriesSource>();
  /** Changes when the sources do. */
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
        this.sources.delete(id);
      }
    }
    for (const id of ids) {
      if (this.sources.has(id)) continue;
      const source = new SeriesSource(id, this.quantities, this.points, this.zoom);
      this.sources.set(id, source);
      this.stops.set(id, follow(source));
    }
    this.version.value += 1;
  }
}
