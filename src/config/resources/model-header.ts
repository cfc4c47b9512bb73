/** Header that stands for the model in matches and selectors: the gateway fills it from the request's body. */
export const MODEL_HEADER = 'x-ai-eg-model';
