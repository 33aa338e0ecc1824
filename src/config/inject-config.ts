import { Inject } from '@nestjs/common';
import { getConfigToken } from '@nestjs/config';
import type { ConfigSection } from './app-config.js';

/** Injects one section of the configuration: `@InjectConfig('llm') config: AppConfig['llm']`. */
export const InjectConfig = (section: ConfigSection): ParameterDecorator & PropertyDecorator =>
  Inject(getConfigToken(section));
