import { about } from './en/about';
import { account } from './en/account';
import { alerts } from './en/alerts';
import { apiKeys } from './en/keys';
import { audit } from './en/audit';
import { common } from './en/common';
import { email } from './en/email';
import { guide } from './en/guide';
import { incident } from './en/incident';
import { incidents } from './en/incidents';
import { login } from './en/login';
import { message } from './en/message';
import { need } from './en/need';
import { search } from './en/search';
import { sources } from './en/sources';
import { talk } from './en/talk';
import { users } from './en/users';

export const en = { ...about, ...account, ...alerts, ...apiKeys, ...audit, ...common, ...email, ...guide, ...incident, ...incidents, ...login, ...message, ...need, ...search, ...sources, ...talk, ...users };
