"""What `action.yml` does, beyond calling one command: the steps of the GitHub Action, run as `python -m
kalentops.action STEP`.

Inputs come from the environment, results go to the file that `GITHUB_OUTPUT` names, as numbers and fixed words and
paths that were made here. The commands run in this process: a job that is cancelled sends its signal to it alone.
"""
