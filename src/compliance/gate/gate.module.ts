import { Module } from '@nestjs/common';
import { ComplianceGate } from './compliance-gate.service.js';

@Module({ providers: [ComplianceGate], exports: [ComplianceGate] })
export class GateModule {}
