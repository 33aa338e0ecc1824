import { Module } from '@nestjs/common';
import { SealHealth } from './seal-health.js';
import { Sequencer } from './sequencer.service.js';

/** What keeps the audit logs going by itself: for processes, not for tests of single rooms. */
@Module({ providers: [Sequencer, SealHealth] })
export class SealingModule {}
