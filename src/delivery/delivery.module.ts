import { Module } from '@nestjs/common';
import { WorkflowModule } from '../workflow/workflow.module.js';
import { CHANNEL_PROVIDERS } from './channels/channels.registry.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveryHold } from './delivery-hold.service.js';
import { DeliveryRecorder } from './delivery-recorder.service.js';
import { DeliveryRepository } from './delivery.repository.js';
import { DeliveryService } from './delivery.service.js';
import { DeliveryWorker } from './delivery.worker.js';
import { SettlementService } from './settlement.service.js';

/** The way out: approved messages, their channels, and what became of each. */
@Module({
  imports: [WorkflowModule],
  controllers: [DeliveriesController],
  providers: [
    ...CHANNEL_PROVIDERS,
    DeliveryRepository,
    DeliveryRecorder,
    DeliveryHold,
    DeliveryService,
    DeliveryWorker,
    SettlementService,
  ],
})
export class DeliveryModule {}
