#!/usr/bin/env node
// Old syntax on purpose: an old Node must come as far as the message that says what to do.
var MAIN = '../dist/cli/main.js';

if (parseInt(process.versions.node, 10) < 24) {
  console.error(
    'pulp needs Node 24 or newer and this is ' +
      process.version +
      ': in a clone run `export PATH="$PWD/node_modules/.bin:$PATH"` first, where npm has put one; elsewhere install Node 24.',
  );
  process.exitCode = 1;
} else {
  var loaded = import('./home.js')
    .then(function () {
      return import('./compile-cache.js');
    })
    .then(function () {
      return import(MAIN);
    });
  loaded.then(
    function (cli) {
      return cli.main();
    },
    function (error) {
      if (error.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.url).endsWith('/dist/cli/main.js'))
        throw error;
      console.error('pulp has not been built yet: run `npm run build`.');
      process.exitCode = 1;
    },
  );
}
