/** The longest that a timer of Node waits, in milliseconds (24.8 days); one for longer would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls back once, after so many milliseconds, however many they are. Gives what ends it before. */
export function startTimer(ms: number, callback: () => void): () => void {
  const end = performance.now() + ms;
  let timer: NodeJS.Timeout;
  const wait = () => {
    const left = end - performance.now();
    timer = left > LONGEST_TIMER_MS ? setTimeout(wait, LONGEST_TIMER_MS) : setTimeout(callback, left);
  };
  wait();
  return () => {
    clearTimeout(timer);
  };
}
