// All tests of the console, in one process over one daemon and one browser.
import './work.mjs';
import './hostile.mjs';
import './queue.mjs';
import './sign_on.mjs';
import './vips.mjs';
import './pages.mjs';
import './long.mjs';
