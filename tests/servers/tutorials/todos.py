# The example of flask-restx, as published.
from flask import Flask
from flask_restx import Api, Resource, fields
import sys
app = Flask(__name__)
api = Api(app, version="1.0", title="TodoMVC API", description="A simple TodoMVC API")
ns = api.namespace("todos", description="TODO operations")
todo = api.model("Todo", {"id": fields.Integer(readonly=True, description="The task unique identifier"), "task": fields.String(required=True, description="The task details")})
class TodoDAO:
    def __init__(self): self.counter = 0; self.todos = []
    def get(self, id):
        for t in self.todos:
            if t["id"] == id: return t
        api.abort(404, "Todo {} doesn't exist".format(id))
    def create(self, data):
        t = data; t["id"] = self.counter = self.counter + 1; self.todos.append(t); return t
    def update(self, id, data):
        t = self.get(id); t.update(data); return t
    def delete(self, id): self.todos.remove(self.get(id))
DAO = TodoDAO()
for x in ("Build an API", "?????", "profit!"): DAO.create({"task": x})
@ns.route("/")
class TodoList(Resource):
    @ns.doc("list_todos")
    @ns.marshal_list_with(todo)
    def get(self): return DAO.todos
    @ns.doc("create_todo")
    @ns.expect(todo)
    @ns.marshal_with(todo, code=201)
    def post(self): return DAO.create(api.payload), 201
@ns.route("/<int:id>")
@ns.response(404, "Todo not found")
@ns.param("id", "The task identifier")
class Todo(Resource):
    @ns.doc("get_todo")
    @ns.marshal_with(todo)
    def get(self, id): return DAO.get(id)
    @ns.doc("delete_todo")
    @ns.response(204, "Todo deleted")
    def delete(self, id): DAO.delete(id); return "", 204
    @ns.expect(todo)
    @ns.marshal_with(todo)
    def put(self, id): return DAO.update(id, api.payload)
app.run(port=int(sys.argv[1]))
