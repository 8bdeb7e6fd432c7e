// An incident, with all that shows a message. As for the shell, see part_rest.ts.
import '../app/shell';
export { Incident } from './incident';
