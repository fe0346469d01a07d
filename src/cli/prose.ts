/** Text for a help page: the lines of a paragraph are joined, so that the page can break them where it ends. */
export function prose(text: string): string {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.replaceAll('\n', ' '))
    .join('\n\n');
}
