// Requests to the routes. URLs are relative, so that the page works below any path prefix.

/** An error that the server answered with. */
export class RouteError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export type Parameters = Record<string, string | number | readonly string[] | undefined>;

/** Requests a route. */
export async function get<T>(route: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<T> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) query.append(name, String(item));
  }
  const text = query.toString();
  const answer = await fetch(`./${route}${text ? `?${text}` : ""}`, signal ? { signal } : {});
  const body: unknown = await answer.json().catch(() => null);
  if (!answer.ok) {
    const message = typeof body === "object" && body !== null && "error" in body ? String(body.error) : "";
    throw new RouteError(answer.status, message || `The server answered with status ${answer.status}.`);
  }
  if (typeof body !== "object" || body === null)
    throw new RouteError(answer.status, "The server's answer is not JSON.");
  return body as T;
}
