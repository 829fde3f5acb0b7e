import type { Template } from '../../contracts/template.ts';
import { coder, documenter, planner, qa, researcher, reviewer } from './roles.ts';
import { analysisSpecialist, coordinator, researchSpecialist, synthesisSpecialist } from './specialists.ts';

/** The templates that are always there. An operator may put others in their places, by their ids. */
export const shippedTemplates: readonly Template[] = [
  ...[researchSpecialist, analysisSpecialist, synthesisSpecialist, coordinator],
  ...[planner, researcher, coder, qa, reviewer, documenter],
];
