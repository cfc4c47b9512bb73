/** A task in neutral words, such as `retrieval-query`, of Google's `RETRIEVAL_QUERY`. */
export function fromGoogleTask(word: string): string {
  return word.toLowerCase().replaceAll('_', '-');
}

/** Google's word for a neutral task (https://ai.google.dev/api/embeddings#v1beta.TaskType). */
export function toGoogleTask(task: string): string {
  return task.toUpperCase().replaceAll('-', '_');
}
