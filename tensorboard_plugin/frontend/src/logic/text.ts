// Makes untrusted text safe to read. (Preact makes sure that it never becomes markup.)

// Characters that are invisible or change the writing direction. They could make a name look like another one, and code
// to paste look harmless.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is its purpose.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Returns the text with unseen characters made visible. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/** Returns a name split where a line may break: after the separators of its words. */
export function breakableParts(name: string): string[] {
  return name.match(/[/_.-]*[^/_.-]+[/_.-]*|[/_.-]+/g) ?? [name];
}
