// Each severity has its own shape, so that it is recognisable without colour.
import type { Level } from "../logic/status";
import { LEVEL_WORDS } from "../logic/status";

/** Octagon with a cross, triangle with a mark, circle with an i, disc with a tick, clock. */
export function LevelIcon({ level, size = 18 }: { level: Level; size?: number }) {
  return (
    <svg
      class={`icon level-${level}`}
      width={size}
      height={size}
      viewBox="0 0 20 20"
      role="img"
      aria-label={LEVEL_WORDS[level]}
    >
      {level === "error" && (
        <>
          <path class="fill" d="M6.3 1h7.4L19 6.3v7.4L13.7 19H6.3L1 13.7V6.3z" />
          <path class="ink" d="M6.6 6.6l6.8 6.8M13.4 6.6l-6.8 6.8" />
        </>
      )}
      {level === "warning" && (
        <>
          <path class="fill" d="M10 1.6L19.4 18H.6z" />
          <path class="ink" d="M10 7.4v4.8M10 14.9v.1" />
        </>
      )}
      {level === "info" && (
        <>
          <circle class="fill" cx="10" cy="10" r="9" />
          <path class="ink" d="M10 9.2v5M10 5.9V6" />
        </>
      )}
      {level === "healthy" && (
        <>
          <circle class="fill" cx="10" cy="10" r="9" />
          <path class="ink" d="M5.6 10.4l3 3 5.8-6.4" />
        </>
      )}
      {level === "waiting" && (
        <>
          <circle class="hollow" cx="10" cy="10" r="8" />
          <path class="line" d="M10 5.4V10l3 2" />
        </>
      )}
    </svg>
  );
}

export function PinIcon({ size = 14 }: { size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true">
      <path class="pin-shape" d="M7 2h6l-1 6 3 3.5H5L8 8zM10 11.5V18" />
    </svg>
  );
}
