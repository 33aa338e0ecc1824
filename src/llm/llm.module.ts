import { Module } from '@nestjs/common';
import { LanguageModels } from './language-models.service.js';

/** Language models behind one small interface. */
@Module({ providers: [LanguageModels], exports: [LanguageModels] })
export class LlmModule {}
