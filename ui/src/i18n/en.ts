import { common } from './en/common';
import { incident } from './en/incident';
import { incidents } from './en/incidents';
import { login } from './en/login';
import { message } from './en/message';

export const en = { ...common, ...incident, ...incidents, ...login, ...message };
