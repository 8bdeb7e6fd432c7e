// Asks for what the console begins with while the console itself is still on its way. It is a script of its own, and small.
import { early, earlyOptions, firstAnswers } from './base/first';

for (const address of firstAnswers()) {
  const answer = fetch(address, earlyOptions);
  answer.catch(() => undefined);
  early().set(address, answer);
}
