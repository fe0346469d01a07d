/** The first thing that is imported: an older Node would fail later, and say less. */
const [major = ''] = process.versions.node.split('.');
if (Number(major) < 24)
  throw new Error(`pulp-tasking needs Node 24 or newer, and this is ${process.version}`);
