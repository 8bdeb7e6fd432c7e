import { about } from './de/about';
import { account } from './de/account';
import { alerts } from './de/alerts';
import { apiKeys } from './de/keys';
import { audit } from './de/audit';
import { common } from './de/common';
import { email } from './de/email';
import { guide } from './de/guide';
import { incident } from './de/incident';
import { incidents } from './de/incidents';
import { login } from './de/login';
import { message } from './de/message';
import { need } from './de/need';
import { search } from './de/search';
import { sources } from './de/sources';
import { talk } from './de/talk';
import { users } from './de/users';

export const de = { ...about, ...account, ...alerts, ...apiKeys, ...audit, ...common, ...email, ...guide, ...incident, ...incidents, ...login, ...message, ...need, ...search, ...sources, ...talk, ...users };
