"""Users who register and log in: the routers of fastapi-users, as its own first steps combine them.

Two logins: a bearer token from `POST /auth/jwt/login` (the password flow of OAuth 2), and a cookie from
`POST /auth/cookie/login`. Beside them a list of notes that belongs to whoever is logged in. What is
validated, answered and published is FastAPI's, pydantic's and fastapi-users' doing.
"""
import contextlib
import os
import uuid
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, CookieTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.exceptions import UserAlreadyExists
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SECRET = os.environ.get("USERS_SECRET", "only-for-measurements-on-loopback")
engine = create_async_engine(os.environ.get("USERS_DATABASE", "sqlite+aiosqlite:///users.db"))
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTableUUID, Base):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[uuid.UUID]
    title: Mapped[str]
    stars: Mapped[int]
    done: Mapped[bool]
    due: Mapped[str | None]


class UserRead(schemas.BaseUser[uuid.UUID]):
    pass


class UserCreate(schemas.BaseUserCreate):
    pass


class UserUpdate(schemas.BaseUserUpdate):
    pass


class NoteIn(BaseModel):
    title: Annotated[str, Field(min_length=1, max_length=40)]
    stars: Annotated[int, Field(ge=0, le=5)] = 0
    done: bool = False
    due: str | None = None


class NoteOut(NoteIn):
    id: int


class Manager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


async def session():
    async with sessions() as opened:
        yield opened


async def user_database(opened: AsyncSession = Depends(session)):
    yield SQLAlchemyUserDatabase(opened, User)


async def manager(database=Depends(user_database)):
    yield Manager(database)


def strategy():
    return JWTStrategy(secret=SECRET, lifetime_seconds=3600)


bearer = AuthenticationBackend("jwt", BearerTransport(tokenUrl="auth/jwt/login"), strategy)
cookie = AuthenticationBackend("cookie", CookieTransport(cookie_secure=False), strategy)
users = FastAPIUsers[User, uuid.UUID](manager, [bearer, cookie])
current = users.current_user(active=True)


@contextlib.asynccontextmanager
async def life(_):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with sessions() as opened:
        with contextlib.suppress(UserAlreadyExists):
            await Manager(SQLAlchemyUserDatabase(opened, User)).create(
                UserCreate(email="admin@example.com", password="panel-7-garden", is_superuser=True, is_verified=True)
            )
    yield


app = FastAPI(title="Users and notes", version="1.0.0", lifespan=life)
app.include_router(users.get_auth_router(bearer), prefix="/auth/jwt", tags=["auth"])
app.include_router(users.get_auth_router(cookie), prefix="/auth/cookie", tags=["auth"])
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth", tags=["auth"])
app.include_router(users.get_users_router(UserRead, UserUpdate), prefix="/users", tags=["users"])


async def own(note_id: int, user: User = Depends(current), opened: AsyncSession = Depends(session)):
    found = await opened.get(Note, note_id)
    if found is None or found.owner != user.id:
        raise HTTPException(404, "no such note")
    return found


def shown(note):
    return NoteOut(id=note.id, title=note.title, stars=note.stars, done=note.done, due=note.due)


@app.get("/notes", tags=["notes"])
async def list_notes(
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    done: bool | None = None,
    user: User = Depends(current),
    opened: AsyncSession = Depends(session),
) -> list[NoteOut]:
    rows = await opened.scalars(select(Note).where(Note.owner == user.id).order_by(Note.id))
    return [shown(note) for note in rows if done is None or note.done == done][:limit]


@app.post("/notes", status_code=201, tags=["notes"])
async def create_note(note: NoteIn, user: User = Depends(current), opened: AsyncSession = Depends(session)) -> NoteOut:
    made = Note(owner=user.id, **note.model_dump())
    opened.add(made)
    await opened.commit()
    return shown(made)


@app.get("/notes/{note_id}", tags=["notes"], responses={404: {"description": "no such note"}})
async def read_note(note: Note = Depends(own)) -> NoteOut:
    return shown(note)


@app.put("/notes/{note_id}", tags=["notes"], responses={404: {"description": "no such note"}})
async def replace_note(given: NoteIn, note: Note = Depends(own), opened: AsyncSession = Depends(session)) -> NoteOut:
    for name, value in given.model_dump().items():
        setattr(note, name, value)
    opened.add(note)
    await opened.commit()
    return shown(note)


@app.delete("/notes/{note_id}", status_code=204, tags=["notes"], responses={404: {"description": "no such note"}})
async def delete_note(note: Note = Depends(own), opened: AsyncSession = Depends(session)) -> None:
    await opened.delete(note)
    await opened.commit()
