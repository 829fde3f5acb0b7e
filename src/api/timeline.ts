import type { Express } from 'express';
import { z } from 'zod';
import { BatonError, parseOr } from '../contracts/error.ts';
import { drawGraph, viewGraph } from '../orchestrator/view-graph.ts';
import { viewTimeline } from '../orchestrator/view-timeline.ts';
import { addRoute, type Handler } from './route.ts';
import { runIdOf } from './run-id.ts';
import type { Door } from './tools.ts';

/** Query of GET /v1/runs/{id}/graph. */
const GraphQuery = z.object({
  format: z.enum(['json', 'mermaid'], 'expected "json" or "mermaid"').default('json'),
});

/** What a run did and when, and the graph it follows. */
export function addTimelineRoutes(app: Express, door: Door): void {
  addRoute(app, '/v1/runs/:id/timeline', { get: showTimeline(door) });
  addRoute(app, '/v1/runs/:id/graph', { get: showGraph(door) });
}

function showTimeline({ flow }: Door): Handler {
  return async (request, response) => {
    const timeline = await viewTimeline(flow.store, runIdOf(request));
    if (timeline === undefined) throw new BatonError('run_not_found');
    response.json(timeline);
  };
}

function showGraph({ flow }: Door): Handler {
  return async (request, response) => {
    const { format } = parseOr(GraphQuery, request.query, 'invalid_request');
    const graph = await (format === 'json' ? viewGraph : drawGraph)(flow.store, runIdOf(request));
    if (graph === undefined) throw new BatonError('run_not_found');
    if (typeof graph === 'string') response.type('text/plain; charset=utf-8').send(graph);
    else response.json(graph);
  };
}
