/** Something about the machine or the settings keeps the product from starting; `message` is fit to print alone. */
export class StartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StartError';
  }
}
