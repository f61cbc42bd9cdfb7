/** Findings as scenario files, ready to be kept beside the others. */
import { stringify } from 'yaml';
import type { ScenarioInput } from '../model/scenario.ts';
import { type Finding, folderOf } from './explore.ts';

const LINE_LENGTH = 100;

/** Name of the file that a finding is kept in. */
export function fileFor(finding: Finding): string {
  return `${folderOf(finding)}.scenario.yaml`;
}

/** A finding as a scenario file in YAML. */
export function scenarioText(finding: Finding, seed: number): string {
  const { says, from, again, kept, scenario } = finding;
  const seen =
    again.seen > 0
      ? `This is the smallest schedule that was found to do it reliably; as it stands here it did so in ${kept.seen} of ${kept.of} runs.`
      : `This is the schedule as it was drawn${again.of > 0 ? `; it did not do so again in ${again.of} repeats` : ''}.`;
  const whole: ScenarioInput = {
    ...scenario,
    about: `Found by random search (tripcurve explore --seed ${seed}, schedule ${from}): ${says}. ${seen}`,
    tags: ['nightly'],
  };
  return stringify(whole, { lineWidth: LINE_LENGTH, flowCollectionPadding: true });
}
