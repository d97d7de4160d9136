"""Pages: a folder of files that are served as they are, with no process behind them."""

from firefly.protocol.building import PackParams

from ..analysis import Plan, Strategy
from .commands import Commands


class Pages(Commands):
    """As commands make it; of the workspace only the folder of pages is packed."""

    kind = "site"

    def suits(self, plan: Plan) -> bool:
        return plan.strategy is Strategy.SITE

    def _wanted(self, plan: Plan) -> PackParams:
        return PackParams(folder=(plan.folder or "").strip("/"), pages=True)

    def _remedy(self, plan: Plan) -> str:
        return f"The pages are looked for in {plan.folder or 'the root'}: is that where the build puts them?"
