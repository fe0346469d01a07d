import { Command } from '../command.ts';

/** A resource has so many units from now on; undefined: as many as anybody wants. */
export function setCapacity(resource: string, units: number | undefined): Command {
  return new Command(`${resource} has ${units ?? 'any number of'} units`, async (model, engine) => {
    await engine.setCapacity(resource, units);
    model.setCapacity(resource, units);
  });
}
