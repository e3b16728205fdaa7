"""WebShop (Yao et al., 2022): a simulated shop of products scraped from a real one, without Java or a model."""

from skillflow_gym.envs.webshop.env import WebShopEnv

__all__ = ["WebShopEnv"]
