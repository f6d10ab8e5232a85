"""An API on another origin, as FastAPI's security tutorial writes one, that leaves sign-in to auth-api."""
import base64
import json
import os
import urllib.parse
import urllib.request

from fastapi import Depends, FastAPI, HTTPException
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.security import OAuth2PasswordBearer
from fastapi.staticfiles import StaticFiles

AUTH_URL = os.environ["AUTH_URL"]
CLIENT = base64.b64encode((os.environ["CLIENT_ID"] + ":" + os.environ["CLIENT_SECRET"]).encode()).decode()

app = FastAPI(docs_url=None)
oauth2_scheme = OAuth2PasswordBearer(tokenUrl=AUTH_URL + "/oauth/token")


def current_user(token: str = Depends(oauth2_scheme)) -> dict:
    request = urllib.request.Request(
        AUTH_URL + "/oauth/introspect",
        data=urllib.parse.urlencode({"token": token}).encode(),
        headers={"Authorization": "Basic " + CLIENT},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = json.load(response)
    if not answer["active"]:
        raise HTTPException(status_code=401, detail="Not authenticated", headers={"WWW-Authenticate": "Bearer"})
    return answer


@app.get("/books")
def books(user: dict = Depends(current_user)):
    return {"books_of": user["username"], "scope": user["scope"]}


# FastAPI's own page takes Swagger UI from elsewhere; this one has it beside it.
app.mount("/swagger-ui", StaticFiles(directory=os.environ["SWAGGER_UI"]))


@app.get("/docs", include_in_schema=False)
def docs():
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Books",
        swagger_js_url="/swagger-ui/swagger-ui-bundle.js",
        swagger_css_url="/swagger-ui/swagger-ui.css",
        swagger_favicon_url="/swagger-ui/favicon-32x32.png",
    )
