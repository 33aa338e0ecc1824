import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { ConsentModule } from '../compliance/consent/consent.module.js';
import { GateModule } from '../compliance/gate/gate.module.js';
import { PiiModule } from '../compliance/pii/pii.module.js';
import { PersonalStoresModule } from '../compliance/subjects/personal-stores.module.js';
import { PolicyModule } from '../compliance/policy/policy.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { RunAdmission } from './admission/run-admission.service.js';
import { RunPreflight } from './admission/run-preflight.service.js';
import { StartGate } from './admission/start-gate.service.js';
import { CompareController } from './compare/compare.controller.js';
import { CompareRepository } from './compare/compare.repository.js';
import { CancelAcknowledgement } from './control/cancel-acknowledgement.service.js';
import { RunForkController } from './control/run-fork.controller.js';
import { RunFork } from './control/run-fork.service.js';
import { RunRetryController } from './control/run-retry.controller.js';
import { RunRetry } from './control/run-retry.service.js';
import { UncertainDeliveries } from './control/uncertain-deliveries.repository.js';
import { DefinitionStore } from './definitions/definition-store.service.js';
import { DefinitionsController } from './definitions/definitions.controller.js';
import { Advancer } from './engine/advancer.service.js';
import { HandOver } from './engine/hand-over.service.js';
import { RunLoader } from './engine/run-loader.service.js';
import { StepExecutor } from './engine/step-executor.service.js';
import { StepRunner } from './engine/step-runner.service.js';
import { TransitionReviews } from './engine/transition-reviews.service.js';
import { Transitions } from './engine/transitions.service.js';
import { Waits } from './engine/waits.service.js';
import { WaitingRuns } from './engine/waiting-runs.js';
import { CommittedEventsRepository } from './events/committed-events.repository.js';
import { CommittedEvents } from './events/committed-events.service.js';
import { RunEventFeed } from './events/run-event-feed.service.js';
import { RunEventReader } from './events/run-event-reader.service.js';
import { RunEventRepository } from './events/run-event.repository.js';
import { RunWatch } from './events/run-watch.service.js';
import { OrphanRunRepository } from './orphans/orphan-runs.repository.js';
import { OrphanSweepSchedule } from './orphans/orphan-sweep.schedule.js';
import { OrphanSweep } from './orphans/orphan-sweep.service.js';
import { PolicyRefusals } from './policies/replay/policy-refusals.repository.js';
import { PolicyReplayController } from './policies/replay/policy-replay.controller.js';
import { PolicyReplay } from './policies/replay/policy-replay.service.js';
import { RecordedDecisionsRepository } from './policies/replay/recorded-decisions.repository.js';
import { RunPolicies } from './policies/run-policies.service.js';
import { ApprovalRepository } from './review/approval.repository.js';
import { ApprovalsController } from './review/approvals.controller.js';
import { ApprovalView } from './review/approval-view.service.js';
import { ApprovalController } from './review/approval.controller.js';
import { DelegationService } from './review/delegation.service.js';
import { ReviewRefusals } from './review/review-refusals.service.js';
import { ReviewService } from './review/review.service.js';
import { RunCommits } from './runs/commit/run-commit.service.js';
import { RunAccess } from './runs/run-access.service.js';
import { RunControl } from './runs/run-control.service.js';
import { RunListRepository } from './runs/run-list.repository.js';
import { RunRepository } from './runs/run.repository.js';
import { RunWriter } from './runs/run-writer.service.js';
import { SignalSeal } from './signals/signal-seal.js';
import { SignalRepository } from './signals/signal.repository.js';
import { SignalService } from './signals/signal.service.js';
import { SignalsController } from './signals/signals.controller.js';
import { RunStoreRepository } from './subjects/run-store.repository.js';
import { RunStore } from './subjects/run.store.js';
import { SubjectRunsRepository } from './subjects/subject-runs.repository.js';
import { SubjectStop } from './subjects/subject-stop.service.js';
import { WorkflowController } from './workflow.controller.js';
import { WorkflowEngine } from './workflow.engine.js';
import { WorkflowWorker } from './workflow.worker.js';

/** Runs: their definitions, their engine, their review. Others use what it exports. */
@Module({
  imports: [
    AgentsModule,
    ConsentModule,
    GateModule,
    PiiModule,
    PolicyModule,
    SessionsModule,
    PersonalStoresModule,
  ],
  controllers: [
    WorkflowController,
    RunRetryController,
    RunForkController,
    CompareController,
    ApprovalsController,
    ApprovalController,
    DefinitionsController,
    SignalsController,
    PolicyReplayController,
  ],
  providers: [
    RunAdmission,
    RunPreflight,
    StartGate,
    DefinitionStore,
    Advancer,
    HandOver,
    WaitingRuns,
    RunLoader,
    StepExecutor,
    StepRunner,
    Waits,
    SignalSeal,
    SignalRepository,
    SignalService,
    TransitionReviews,
    RunPolicies,
    PolicyRefusals,
    PolicyReplay,
    RecordedDecisionsRepository,
    Transitions,
    RunEventFeed,
    CommittedEventsRepository,
    CommittedEvents,
    RunEventReader,
    RunEventRepository,
    RunWatch,
    ApprovalRepository,
    ReviewService,
    ReviewRefusals,
    DelegationService,
    ApprovalView,
    RunAccess,
    RunControl,
    CancelAcknowledgement,
    RunRetry,
    RunFork,
    CompareRepository,
    UncertainDeliveries,
    RunListRepository,
    RunRepository,
    RunCommits,
    RunWriter,
    WorkflowEngine,
    WorkflowWorker,
    OrphanRunRepository,
    OrphanSweep,
    OrphanSweepSchedule,
    RunStore,
    RunStoreRepository,
    SubjectRunsRepository,
    SubjectStop,
  ],
  exports: [
    DefinitionStore,
    RunAdmission,
    RunPreflight,
    RunControl,
    RunLoader,
    RunAccess,
    RunRepository,
    ApprovalRepository,
    RunWriter,
    RunEventFeed,
    CommittedEvents,
    Transitions,
    RunPolicies,
  ],
})
export class WorkflowModule {}
