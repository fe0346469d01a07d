import { render } from 'preact';
import { App } from './app.tsx';
import { listenToKeys } from './keys.ts';
import { followLinks } from './router.ts';

followLinks();
listenToKeys();
const root = document.querySelector('#page');
if (root === null) throw new Error('the page has no place to be in');
root.replaceChildren();
render(<App />, root);
