import express, { type Express } from 'express';
import helmet from 'helmet';
import { openPressure } from '../journal/pressure.ts';
import { addAgentCardRoute } from './agent-card.ts';
import { addAgentRoutes } from './agents.ts';
import { addArtifactRoutes } from './artifacts.ts';
import { addDashboard } from './dashboard.ts';
import { addDiscoveryRoutes } from './discovery.ts';
import { addForkRoute } from './fork.ts';
import { addHealthRoutes } from './health.ts';
import { addInterruptRoutes } from './interrupts.ts';
import { addMessageRoutes } from './messages.ts';
import { addSeedRoutes } from './orchestrate.ts';
import { addPlanRoutes } from './plans.ts';
import { answerErrors, refuseUnknown } from './problem.ts';
import { nameRequest } from './request-id.ts';
import { addStateRoutes } from './run-state.ts';
import { addRunRoutes } from './runs.ts';
import { addSessionRoutes } from './sessions.ts';
import { addTemplateRoutes } from './templates.ts';
import { addTimelineRoutes } from './timeline.ts';
import type { ApiTools, Door } from './tools.ts';

/** The API as an express app, and the switch that begins its end. */
export type Api = {
  readonly app: Express;
  /** readyz answers 503 from here on, streams end with a farewell, waiting answers are given. Repeating it is harmless. */
  drain(): void;
};

/** Builds the API on tools that stay the caller's. It holds nothing open but the requests it serves. */
export function openApi(tools: ApiTools): Api {
  const stop = new AbortController();
  const door: Door = { ...tools, draining: stop.signal, pressure: openPressure(tools.flow.store.redis) };
  const app = express().disable('x-powered-by').set('etag', 'strong');
  app.use(nameRequest, secureHeaders(), (_request, response, next) => {
    if (stop.signal.aborted) response.set('Connection', 'close');
    next();
  });
  addHealthRoutes(app, door);
  addRunRoutes(app, door);
  addTimelineRoutes(app, door);
  addForkRoute(app, door);
  addArtifactRoutes(app, door);
  addStateRoutes(app, door);
  addMessageRoutes(app, door);
  addInterruptRoutes(app, door);
  addPlanRoutes(app, door);
  addSessionRoutes(app, door);
  addSeedRoutes(app, door);
  addAgentRoutes(app, door);
  addAgentCardRoute(app, door.card);
  addDiscoveryRoutes(app, door);
  addTemplateRoutes(app, door);
  addDashboard(app, tools);
  app.use(refuseUnknown, answerErrors(tools.log));
  return { app, drain: () => stop.abort() };
}

/** helmet's defaults, without frames of any kind, and without sending a browser to https where nothing listens. */
function secureHeaders(): ReturnType<typeof helmet> {
  return helmet({
    contentSecurityPolicy: { directives: { 'frame-ancestors': ["'none'"], 'upgrade-insecure-requests': null } },
    xFrameOptions: { action: 'deny' },
  });
}
