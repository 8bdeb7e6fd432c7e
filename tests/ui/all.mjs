// All tests of the console, in one process over one daemon and one browser.
import './work.mjs';
import './said.mjs';
import './hostile.mjs';
import './message.mjs';
import './queue.mjs';
import './sign_on.mjs';
import './totp.mjs';
import './post_process.mjs';
import './vips.mjs';
import './retention.mjs';
import './audit.mjs';
import './teams.mjs';
import './pages.mjs';
import './parts.mjs';
import './long.mjs';
