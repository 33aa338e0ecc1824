import { Module } from '@nestjs/common';
import { ObjectStoreSchedule } from './object-store-schedule.service.js';
import { SelfCheckSchedule } from './self-check-schedule.service.js';
import { SealHealth } from './seal-health.js';
import { Sequencer } from './sequencer.service.js';
import { WitnessSchedule } from './witness-schedule.service.js';

/** What keeps the audit logs going by itself: for processes, not for tests of single rooms. */
@Module({ providers: [Sequencer, SelfCheckSchedule, WitnessSchedule, ObjectStoreSchedule, SealHealth] })
export class SealingModule {}
