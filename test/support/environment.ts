/** Sets a variable of the environment for a scope. */
export function environment(name: string, value: string | undefined): Disposable {
  const before = process.env[name];
  const set = (to: string | undefined) => {
    if (to === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = to;
  };
  set(value);
  return {
    [Symbol.dispose]: () => {
      set(before);
    },
  };
}
