// Small curves with the step marked at which something went wrong.
import type { DrawnCurve } from "../logic/alertCurves";
import { formatNumber, whole } from "../logic/numbers";
import { visible } from "../logic/text";

const W = 320;
const H = 64;

interface Props {
  curves: readonly DrawnCurve[];
  expected: readonly [number, number] | null;
  /** Step at which the alert began. */
  mark: number;
}

interface CurveScale {
  x: (step: number) => number;
  y: (value: number) => number;
  low: number;
  high: number;
  log: boolean;
  first: number;
  last: number;
}

/** Returns the scale on which all curves are drawn; logarithmic where a linear one would hide most. */
export function scaleOfCurves({ curves, expected }: Pick<Props, "curves" | "expected">): CurveScale | null {
  const known = curves.flatMap((curve) => [...curve.low, ...curve.high]).filter((v): v is number => v !== null);
  if (known.length < 2) return null;
  const all = [...known, ...(expected ?? [])];
  const [low, high] = [least(all), -least(all.map((v) => -v))];
  const smallest = least(all.filter((v) => v > 0));
  const log = low >= 0 && !expected && high / smallest > 200;
  const bend = (v: number) => (log ? Math.log(Math.max(v, smallest)) : v);
  const span = bend(high) - bend(low) || 1;
  const first = least(curves.map((curve) => curve.step[0]!));
  const last = -least(curves.map((curve) => -curve.step[curve.step.length - 1]!));
  return {
    x: (step) => ((step - first) / (last - first || 1)) * W,
    y: (value) => H - 3 - ((bend(value) - bend(low)) / span) * (H - 6),
    low: least(known),
    high: -least(known.map((v) => -v)),
    log,
    first,
    last,
  };
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

export function Sparkline({ curves, expected, mark }: Props) {
  const scale = scaleOfCurves({ curves, expected });
  if (!scale) return null;
  const [main, beside] = curves;
  const { x, y } = scale;
  const at = Math.min(W, Math.max(0, x(mark)));
  return (
    <figure class="spark">
      <figcaption>
        <span>
          {beside && <i class="spark-key" />}
          {visible(main!.label)}
          {scale.log ? ", logarithmic" : ""}
          {beside && (
            <span class="note">
              {" "}
              <i class="spark-key beside" />
              {visible(beside.label)}
            </span>
          )}
          {expected && (
            <span class="note">
              {" "}
              <i class="spark-key expected" />
              expected
            </span>
          )}
        </span>
        <span class="note">
          {formatNumber(scale.low, 3)} … {formatNumber(scale.high, 3)}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${W} ${H}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${visible(main!.label)} over steps; the alert began at step ${whole(mark)}`}
      >
        {expected?.map((limit, i) => (
          <line key={i} class="spark-expected" x1="0" x2={W} y1={y(limit)} y2={y(limit)} />
        ))}
        {beside && <path class="spark-line beside" d={path(beside, scale)} />}
        <path class="spark-band" d={band(main!, scale)} />
        <path class="spark-line" d={path(main!, scale)} />
        {main!.bad.map(
          (bad, i) =>
            bad && (
              <rect
                key={i}
                class="spark-bad"
                x={x(main!.step[i]!)}
                width={Math.max(x(main!.step[i + 1] ?? main!.step[i]!) - x(main!.step[i]!), 1.5)}
                y={H - 8}
                height="8"
              />
            ),
        )}
        <line class="spark-mark" x1={at} x2={at} y1="0" y2={H} />
      </svg>
      <div class="spark-axis">
        <span>step {whole(scale.first)}</span>
        <span>{whole(scale.last)}</span>
      </div>
    </figure>
  );
}

function path(curve: DrawnCurve, { x, y }: CurveScale): string {
  let out = "";
  let down = false;
  curve.mean.forEach((value, i) => {
    if (value !== null) out += `${down ? "L" : "M"}${x(curve.step[i]!).toFixed(1)} ${y(value).toFixed(1)}`;
    down = value !== null;
  });
  return out;
}

function band({ step, low, high }: DrawnCurve, { x, y }: CurveScale): string {
  const places = step.map((_, i) => i).filter((i) => low[i] !== null && high[i] !== null);
  if (places.length < 2) return "";
  const top = places.map((i) => `${x(step[i]!).toFixed(1)} ${y(high[i]!).toFixed(1)}`);
  const bottom = places.reverse().map((i) => `${x(step[i]!).toFixed(1)} ${y(low[i]!).toFixed(1)}`);
  return `M${top.join("L")}L${bottom.join("L")}Z`;
}
