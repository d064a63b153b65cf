# APIFlask's basic example.
from apiflask import APIFlask, Schema, abort
from apiflask.fields import Integer, String
from apiflask.validators import Length, OneOf
import sys
app = APIFlask(__name__)
pets = [{'id': 0, 'name': 'Kitty', 'category': 'cat'}, {'id': 1, 'name': 'Coco', 'category': 'dog'}]
class PetIn(Schema):
    name = String(required=True, validate=Length(0, 10)); category = String(required=True, validate=OneOf(['dog', 'cat']))
class PetOut(Schema):
    id = Integer(); name = String(); category = String()
@app.get('/pets/<int:pet_id>')
@app.output(PetOut)
def get_pet(pet_id):
    if pet_id > len(pets) - 1 or pets[pet_id].get('deleted'): abort(404)
    return pets[pet_id]
@app.get('/pets')
@app.output(PetOut(many=True))
def get_pets(): return [p for p in pets if not p.get('deleted')]
@app.post('/pets')
@app.input(PetIn, location='json')
@app.output(PetOut, status_code=201)
def create_pet(json_data):
    pet = {'id': len(pets), **json_data}; pets.append(pet); return pet
@app.patch('/pets/<int:pet_id>')
@app.input(PetIn(partial=True), location='json')
@app.output(PetOut)
def update_pet(pet_id, json_data):
    if pet_id > len(pets) - 1 or pets[pet_id].get('deleted'): abort(404)
    pets[pet_id].update(json_data); return pets[pet_id]
@app.delete('/pets/<int:pet_id>')
@app.output({}, status_code=204)
def delete_pet(pet_id):
    if pet_id > len(pets) - 1 or pets[pet_id].get('deleted'): abort(404)
    pets[pet_id]['deleted'] = True; pets[pet_id]['name'] = 'Ghost'; return ''
app.run(port=int(sys.argv[1]))
