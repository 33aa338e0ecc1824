import { Module } from '@nestjs/common';
import { WorkflowModule } from '../workflow/workflow.module.js';
import { AttemptRecorder } from './delivery/attempt-recorder.service.js';
import { DeliveryLog } from './delivery/delivery-log.service.js';
import { EndpointCaller } from './delivery/endpoint-caller.service.js';
import { EndpointTurn } from './delivery/endpoint-turn.service.js';
import { TurnDispatcher } from './delivery/turn-dispatcher.service.js';
import { TurnRepository } from './delivery/turn.repository.js';
import { WebhookDeliveryRepository } from './delivery/webhook-delivery.repository.js';
import { EndpointAddress } from './endpoints/endpoint-address.service.js';
import { EndpointRegistry } from './endpoints/endpoint-registry.service.js';
import { EndpointRepository } from './endpoints/endpoint.repository.js';
import { EndpointSeal } from './endpoints/endpoint-seal.js';
import { EndpointSecrets } from './endpoints/endpoint-secrets.service.js';
import { SecretRepository } from './endpoints/secret.repository.js';
import { CursorRepository } from './fan-out/cursor.repository.js';
import { FanOut } from './fan-out/fan-out.service.js';
import { UpkeepRepository } from './upkeep/upkeep.repository.js';
import { WebhookUpkeep } from './upkeep/webhook-upkeep.service.js';
import { WebhookDeliveriesController } from './webhook-deliveries.controller.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksWorker } from './webhooks.worker.js';

/** Tells subscribers what happens to runs, signed, and at least once. */
@Module({
  imports: [WorkflowModule],
  controllers: [WebhooksController, WebhookDeliveriesController],
  providers: [
    EndpointRepository,
    SecretRepository,
    EndpointSeal,
    EndpointAddress,
    EndpointSecrets,
    EndpointRegistry,
    CursorRepository,
    FanOut,
    TurnRepository,
    TurnDispatcher,
    WebhookDeliveryRepository,
    EndpointCaller,
    AttemptRecorder,
    EndpointTurn,
    DeliveryLog,
    UpkeepRepository,
    WebhookUpkeep,
    WebhooksWorker,
  ],
})
export class WebhooksModule {}
