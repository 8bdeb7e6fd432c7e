import { common } from './de/common';
import { incident } from './de/incident';
import { incidents } from './de/incidents';
import { login } from './de/login';
import { message } from './de/message';

export const de = { ...common, ...incident, ...incidents, ...login, ...message };
