import tseslint from 'typescript-eslint';

/** Folders of src, from the top down: each imports only from those below it. */
const LAYERS = [
  ['commands', 'demo', 'cli', 'page'],
  ['http'],
  ['workers'],
  ['leader'],
  ['tasks'],
  ['waiting', 'maintenance'],
  ['queries'],
  ['systemd', 'health'],
  ['events', 'secrets', 'schedules'],
  ['postgres'],
  ['processes'],
];

const layerRules = LAYERS.slice(1).map((folders, index) => ({
  files: folders.map((folder) => `src/${folder}/**/*.{ts,tsx}`),
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: LAYERS.slice(0, index + 1)
          .flat()
          .map((above) => ({
            // Within http is a folder that serves the page.
            group: [`**/${above}/**`, ...(above === 'page' ? ['!./page/**'] : [])],
            message: `Imports go down only; ${above} is above this folder.`,
          })),
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  {
    files: ['src/**/*.{ts,tsx}', 'test/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/page/tsconfig.json', './test/page/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Counts and ids read best in a template as they are.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // node:test's test() returns a promise that its runner awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'suite', 'describe', 'it'], package: 'node:test' },
          ],
        },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Promise.withResolvers<void>() is how an event is awaited.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // What a callback sets while a loop awaits looks constant to this rule.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // A no-op is a value like another.
      '@typescript-eslint/no-empty-function': 'off',
      // An options object may be empty on purpose; index signatures are read by bracket, as tsc asks for process.env.
      '@typescript-eslint/dot-notation': 'off',
    },
  },
  ...layerRules,
);
