import { euAiAct } from './eu-ai-act.framework.js';
import type { Framework } from './framework.js';
import { gdpr } from './gdpr.framework.js';
import { hipaa } from './hipaa.framework.js';
import { soc2 } from './soc2.framework.js';

/** Every framework. Adding one is its file and a line here. */
export const FRAMEWORKS: readonly Framework[] = [soc2, euAiAct, gdpr, hipaa];
