"""The planner: pure functions, against published numbers, independent libraries, brute force and laws."""
