"""From a task's train split to an adapter: a recipe, examples, and a whole folder."""
