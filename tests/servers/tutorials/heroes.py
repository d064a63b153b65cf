# The tutorial's application (FastAPI + SQLModel), as published.
from typing import Annotated
from fastapi import Depends, FastAPI, HTTPException, Query
from sqlmodel import Field, Session, SQLModel, create_engine, select, Relationship
import sys
class TeamBase(SQLModel):
    name: str = Field(index=True); headquarters: str
class Team(TeamBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
class TeamCreate(TeamBase): pass
class TeamPublic(TeamBase): id: int
class TeamUpdate(SQLModel):
    name: str | None = None; headquarters: str | None = None
class HeroBase(SQLModel):
    name: str = Field(index=True); age: int | None = Field(default=None, index=True)
    team_id: int | None = Field(default=None, foreign_key="team.id")
class Hero(HeroBase, table=True):
    id: int | None = Field(default=None, primary_key=True); secret_name: str
class HeroPublic(HeroBase): id: int
class HeroCreate(HeroBase): secret_name: str
class HeroUpdate(SQLModel):
    name: str | None = None; age: int | None = None; secret_name: str | None = None; team_id: int | None = None
engine = create_engine("sqlite:///"+sys.argv[2], connect_args={"check_same_thread": False})
def get_session():
    with Session(engine) as session: yield session
S = Annotated[Session, Depends(get_session)]
app = FastAPI()
@app.on_event("startup")
def up():
    SQLModel.metadata.create_all(engine)
    with Session(engine) as s:
        if not s.exec(select(Team)).first():
            s.add(Team(name="Preventers", headquarters="Sharp Tower")); s.add(Hero(name="Deadpond", secret_name="Dive Wilson", team_id=1, age=30)); s.commit()
@app.post("/heroes/", response_model=HeroPublic)
def create_hero(hero: HeroCreate, session: S):
    db = Hero.model_validate(hero); session.add(db); session.commit(); session.refresh(db); return db
@app.get("/heroes/", response_model=list[HeroPublic])
def read_heroes(session: S, offset: int = 0, limit: Annotated[int, Query(le=100)] = 100):
    return session.exec(select(Hero).offset(offset).limit(limit)).all()
@app.get("/heroes/{hero_id}", response_model=HeroPublic)
def read_hero(hero_id: int, session: S):
    h = session.get(Hero, hero_id)
    if not h: raise HTTPException(status_code=404, detail="Hero not found")
    return h
@app.patch("/heroes/{hero_id}", response_model=HeroPublic)
def update_hero(hero_id: int, hero: HeroUpdate, session: S):
    db = session.get(Hero, hero_id)
    if not db: raise HTTPException(status_code=404, detail="Hero not found")
    db.sqlmodel_update(hero.model_dump(exclude_unset=True)); session.add(db); session.commit(); session.refresh(db); return db
@app.delete("/heroes/{hero_id}")
def delete_hero(hero_id: int, session: S):
    h = session.get(Hero, hero_id)
    if not h: raise HTTPException(status_code=404, detail="Hero not found")
    session.delete(h); session.commit(); return {"ok": True}
@app.post("/teams/", response_model=TeamPublic)
def create_team(team: TeamCreate, session: S):
    db = Team.model_validate(team); session.add(db); session.commit(); session.refresh(db); return db
@app.get("/teams/", response_model=list[TeamPublic])
def read_teams(session: S, offset: int = 0, limit: Annotated[int, Query(le=100)] = 100):
    return session.exec(select(Team).offset(offset).limit(limit)).all()
@app.get("/teams/{team_id}", response_model=TeamPublic)
def read_team(team_id: int, session: S):
    t = session.get(Team, team_id)
    if not t: raise HTTPException(status_code=404, detail="Team not found")
    return t
@app.patch("/teams/{team_id}", response_model=TeamPublic)
def update_team(team_id: int, team: TeamUpdate, session: S):
    db = session.get(Team, team_id)
    if not db: raise HTTPException(status_code=404, detail="Team not found")
    db.sqlmodel_update(team.model_dump(exclude_unset=True)); session.add(db); session.commit(); session.refresh(db); return db
@app.delete("/teams/{team_id}")
def delete_team(team_id: int, session: S):
    t = session.get(Team, team_id)
    if not t: raise HTTPException(status_code=404, detail="Team not found")
    session.delete(t); session.commit(); return {"ok": True}
if __name__ == "__main__":
    import uvicorn; uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
