# django-ninja's CRUD example, in one file.
import sys, os, django
from django.conf import settings
settings.configure(DEBUG=False, SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, INSTALLED_APPS=["django.contrib.contenttypes"], DATABASES={"default":{"ENGINE":"django.db.backends.sqlite3","NAME":sys.argv[2]}}, DEFAULT_AUTO_FIELD="django.db.models.AutoField")
django.setup()
from django.db import models, connection
from datetime import date
class Department(models.Model):
    title = models.CharField(max_length=100)
    class Meta: app_label = "hr"
class Employee(models.Model):
    first_name = models.CharField(max_length=100); last_name = models.CharField(max_length=100)
    department = models.ForeignKey(Department, null=True, on_delete=models.CASCADE)
    birthdate = models.DateField(null=True, blank=True)
    class Meta: app_label = "hr"
with connection.schema_editor() as e: e.create_model(Department); e.create_model(Employee)
d = Department.objects.create(title="Sales"); Employee.objects.create(first_name="Ann", last_name="Lee", department=d, birthdate=date(1990,1,2))
from ninja import NinjaAPI, Schema
from django.shortcuts import get_object_or_404
from django.urls import path
api = NinjaAPI()
class EmployeeIn(Schema):
    first_name: str; last_name: str; department_id: int | None = None; birthdate: date | None = None
class EmployeeOut(Schema):
    id: int; first_name: str; last_name: str; department_id: int | None = None; birthdate: date | None = None
@api.post("/employees")
def create_employee(request, payload: EmployeeIn):
    e = Employee.objects.create(**payload.dict()); return {"id": e.id}
@api.get("/employees/{employee_id}", response=EmployeeOut)
def get_employee(request, employee_id: int): return get_object_or_404(Employee, id=employee_id)
@api.get("/employees", response=list[EmployeeOut])
def list_employees(request): return Employee.objects.all()
@api.put("/employees/{employee_id}")
def update_employee(request, employee_id: int, payload: EmployeeIn):
    e = get_object_or_404(Employee, id=employee_id)
    for a, v in payload.dict().items(): setattr(e, a, v)
    e.save(); return {"success": True}
@api.delete("/employees/{employee_id}")
def delete_employee(request, employee_id: int):
    get_object_or_404(Employee, id=employee_id).delete(); return {"success": True}
urlpatterns = [path("api/", api.urls)]
from django.core.wsgi import get_wsgi_application
from wsgiref.simple_server import make_server, WSGIServer
from socketserver import ThreadingMixIn
class T(ThreadingMixIn, WSGIServer): daemon_threads=True
make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), server_class=T).serve_forever()
