// Text that others chose, made safe to read. (That it stays text, and never becomes markup, Preact sees to.)

// Characters that change the direction of writing, or cannot be seen: they could make one name look like another, and
// code that is to be pasted look like other code.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is its purpose.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Returns the text with unseen characters made visible. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/** Returns a name cut where a line may end: after what separates its words. */
export function words(name: string): string[] {
  return name.match(/[/_.-]*[^/_.-]+[/_.-]*|[/_.-]+/g) ?? [name];
}
