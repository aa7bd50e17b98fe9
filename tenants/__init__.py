"""The service owners' fronts: one checked file each, read once at the start."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from domain.tenant import Tenant

_FOLDER = Path(__file__).parent


class TenantError(Exception):
    """A tenant's file is wrong; the text is a sentence that names the file and the field."""


def load_tenants(folder: Path = _FOLDER) -> dict[str, Tenant]:
    """Every tenant of the folder's `.toml` files, by its path segment, which is the file's name too.

    Raises TenantError for an unreadable file, a missing, unknown or wrong field, a company code used twice.
    """
    tenants: dict[str, Tenant] = {}
    for path in sorted(folder.glob("*.toml")):
        tenant = _read(path)
        for other in tenants.values():
            if other.company_code == tenant.company_code:
                raise TenantError(f"{path.name}: company_code is the same as in {other.name}.toml.")
        tenants[tenant.name] = tenant
    if not tenants:
        raise TenantError(f"There is no tenant: {folder} has no .toml file.")
    return tenants


def _read(path: Path) -> Tenant:
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
        tenant = Tenant.model_validate(fields)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise TenantError(f"{path.name} cannot be read: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise TenantError(f"{path.name}: {field} is wrong: {first['msg']}.") from error
    if tenant.name != path.stem:
        raise TenantError(f"{path.name}: name is {tenant.name!r}, but must be the file's own, {path.stem!r}.")
    return tenant
