/** The code of the error with which something was refused, or that it was accepted. */
export async function codeOf(refused: Promise<unknown>): Promise<string> {
  return refused.then(
    () => 'accepted',
    (error: unknown) => (error as { code: string }).code,
  );
}
