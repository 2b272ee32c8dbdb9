/** How activities are tried again without which a transition, an outcome or a page would be lost: without end. */
export const patient = { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '20s' } as const;
