"""The helper processes of a sandbox. They import nothing but the standard library, so that they start and fork fast.

``python -m spawn.launch`` with this folder's parent on the path: ``skillflow_gym`` itself is never imported in them.
"""
