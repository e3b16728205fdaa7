"""The helper processes of a sandbox, which start and fork fast: each page of memory in use makes a fork dearer.

So they import little, and nothing but the standard library. ``typing`` is large: only type checkers import it here.

``python -m spawn.launch`` with this folder's parent on the path: ``skillflow_gym`` itself is never imported in them.
"""
