"""The Flask extensions, made once and bound to the app by ``create_app``."""

from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect

from helpdesk.i18n import PoBabel
from order_core.db import Base

db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})
migrate = Migrate()
babel = PoBabel()
login_manager = LoginManager()
csrf = CSRFProtect()
